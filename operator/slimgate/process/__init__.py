"""What each role is as a process: its signals, logs, health port and event loop."""
