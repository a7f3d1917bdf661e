"""The report on graded transcripts: what was counted, with intervals, and the words every number rests on."""
