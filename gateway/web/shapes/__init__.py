"""The shapes of what is told in JSON: types of which the API's document and its answers are made."""
