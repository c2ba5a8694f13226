"""What headers say, as text for people: drawings of headers, and a page about all of them."""
