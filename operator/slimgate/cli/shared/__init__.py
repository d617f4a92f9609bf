"""What several commands need: options, forms of output, exit statuses, progress."""
