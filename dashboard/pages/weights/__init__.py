"""The page that learns which weights serve a job best."""
