"""`slimgate inspect`: what images weigh and what they are based on."""
