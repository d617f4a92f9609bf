"""The controller role: observe workloads, judge them, record what was found."""
