"""XML as the Collector reads and writes it.

No library reads it so: texts with several roots are taken, and what is written is byte for byte
what the Collector writes. Nothing of a document type is read: there are no entities but the five
that XML itself has, and nothing is fetched.
"""
