"""View models: the values of each screen and what a person may do there. Without Qt."""
