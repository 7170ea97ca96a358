"""One coast at rest: settings, archive, database, and the runs that tie the rooms together."""
