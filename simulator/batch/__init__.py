"""Many transcripts: reading what people have, grading it with resumable runs, writing the results."""
