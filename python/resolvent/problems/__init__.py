"""Problems as files: a request with its records, to be solved again; proofs of answers; exports to other solvers."""
