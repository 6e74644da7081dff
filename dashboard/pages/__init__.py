"""The pages, a folder each.

The module `page` of each folder has PATH, TITLE and NAV (texts; NAV is None for a page reached from others
only), `layout(reads, params)` → component and `register(app, reads)`, which adds its
callbacks. `dashboard.app.PAGES` lists them.
"""
