"""Grades as tables, for spreadsheets (CSV) and for programs (Parquet)."""
