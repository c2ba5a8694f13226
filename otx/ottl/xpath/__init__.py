"""XPath 1.0 over the trees of `otx.ottl.xml`, with the departures of the Collector's library.

Names are compared by prefix, blank text is passed over but for a first child, processing
instructions count as elements, and text behind a complete expression is ignored.
"""
