"""What images cost the disks of nodes."""
