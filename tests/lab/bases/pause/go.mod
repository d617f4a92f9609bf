module slimgate.dev/lab/pause

go 1.26
