"""Objects of a cluster that run images, and the images that they name."""
