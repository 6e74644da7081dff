"""The pages, one module each.

A page module has PATH, TITLE and NAV (texts), `layout(reads, params)` → component and
`register(app, reads)`, which adds its callbacks. `dashboard.app.PAGES` lists them.
"""
