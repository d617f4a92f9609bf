"""What the images of a cluster cost: to pull, and on the disks of its nodes."""
