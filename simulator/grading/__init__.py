"""A grade: judges that find, code that verifies the evidence, arithmetic that scores, and the debrief made of it."""
