"""The demo: a cluster refuses a fat image, warns of a leaner one and runs the slim one."""
