"""What a receiver keeps, sent on to other places: each at its own pace, from the store's logs."""
