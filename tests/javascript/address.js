/* assets/address.js: addresses from paths and back, wherever the dashboard is mounted. */
test("an address begins with the mount, which may be the root", async () => {
  for (const [prefix, expected] of [["/", "/thumb/3"], ["/likeness/", "/likeness/thumb/3"], ["/a/b/", "/a/b/thumb/3"]]) {
    const { likeness } = await fresh({ prefix: prefix, assets: ["address.js"] });
    equal(likeness.url("/thumb/3"), expected);
  }
});

test("the path of a page is without the mount and without slashes at its end", async () => {
  for (const prefix of ["/", "/likeness/"]) {
    const { likeness } = await fresh({ prefix: prefix, assets: ["address.js"] });
    for (const path of ["/search", "/search/", "/search//"]) equal(likeness.plain(likeness.url(path)), "/search");
    for (const path of ["/", "//"]) equal(likeness.plain(likeness.url(path)), "/");
  }
});
