"""What one does and sees on the Map page of a browser."""

from __future__ import annotations


def drawn(page) -> None:
    """Wait until the points are on the screen, and the clusters have their names."""
    page.wait_for_function("window.likeness?.mapPage?.drawn")
    page.wait_for_function("likeness.mapPage.clusters.titles !== null")


def still(page) -> None:
    """Wait until the map moves no more; what has come to cover it moves it with the frame after."""
    page.evaluate("""async () => {
        const next_frame = () => new Promise(requestAnimationFrame);
        do { await next_frame(); await next_frame(); } while (likeness.mapPage.engine.view.moving());
    }""")


def standing(page) -> None:
    """Wait until it is drawn and moves no more."""
    drawn(page)
    still(page)


def corners(tab, share: float = 1.0) -> list[tuple[float, float]]:
    """A box, in px of the window, around the left `share` of the points on the map, which stands."""
    still(tab)
    return tab.evaluate(
        """share => {
          const stage = document.getElementById("map-stage").getBoundingClientRect();
          const at = Array.from(likeness.mapPage.map.ids, (_, row) => likeness.mapPage.engine.view.pixel(row));
          const x = at.map(p => p.x).sort((a, b) => a - b), y = at.map(p => p.y);
          const next = Math.floor(share * x.length);
          const right = share < 1 ? (x[next] + x[next - 1]) / 2 : x[x.length - 1] + 6;
          const [l, r] = [stage.left + x[0] - 6, stage.left + right];
          const [t, b] = [stage.top + Math.min(...y) - 6, stage.top + Math.max(...y) + 6];
          return [[l, t], [r, t], [r, b], [l, b]];
        }""", share,
    )


def drag(tab, path) -> None:
    tab.mouse.move(*path[0])
    tab.mouse.down()
    for point in path[1:]:
        tab.mouse.move(*point, steps=8)
    tab.mouse.up()


def selected(tab) -> list[int]:
    return tab.evaluate("likeness.mapPage.chosen.ids ? [...likeness.mapPage.chosen.ids] : []")


def place(tab, image: int) -> tuple[float, float]:
    """Where an image is on the screen, after every movement has ended."""
    still(tab)
    return tab.evaluate(
        """id => { const at = likeness.mapPage.engine.view.pixel(likeness.mapPage.map.rows.get(id));
        const stage = document.getElementById("map-stage").getBoundingClientRect();
        return [at.x + stage.left, at.y + stage.top]; }""", image)


def turn_wheel(tab, by: int) -> None:
    """Turn the wheel over the map, and wait until the view stands."""
    before = tab.evaluate("JSON.stringify(likeness.mapPage.engine.view.present())")
    tab.mouse.wheel(0, by)
    tab.wait_for_function(
        """before => { const { view } = likeness.mapPage.engine;
        return JSON.stringify(view.present()) !== before && !view.moving(); }""", arg=before)
