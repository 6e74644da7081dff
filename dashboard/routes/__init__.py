"""What the browser fetches beside the pages: pictures, maps, files to take along."""
