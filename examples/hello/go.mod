module slimgate.dev/examples/hello

go 1.19
