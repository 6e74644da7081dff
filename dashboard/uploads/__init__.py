"""Pictures from outside: by their web address, and as the person edits them."""
