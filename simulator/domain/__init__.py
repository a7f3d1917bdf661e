"""What things are: personas, scenarios, behaviours, rubrics, transcripts and grades.

The ground floor: no input or output, and nothing of ours imported from above.
"""
