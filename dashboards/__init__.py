"""The pages and the API people work with."""
