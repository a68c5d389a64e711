"""iamd's own API, by which operators do for workloads what AWS's services do by themselves."""
