"""The pages, one module each.

A page module has PATH, TITLE and NAV (texts; NAV is None for a page reached from others
only), `layout(reads, params)` → component and `register(app, reads)`, which adds its
callbacks. `dashboard.app.PAGES` lists them.
"""
