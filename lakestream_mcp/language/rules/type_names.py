"""Node types by the names that a text may give them."""

NAMED = {
    "state-machine": "state machine|finite state|states",
    "session": r"sessioni\w+|user sessions|(?:sessions?|visits?|trips?) "
    r"(?:(?!windows?)[a-z]\S* ){0,4}?"
    r"(?:(?:is|are) over|ends?|closes?)(?: (?:when|after|once|if))",
    "deduplicate": r"dedup\w*|de duplicate\w*|(?:at most|not more than|no more than) once",
    "outlier": r"outliers?|z ?score|mad|iqr",
    "geofence": r"geo ?fenc\w*",
    "temporal-correlation": r"correlat\w*|order does not matter|(?:any|either|whatever) order",
    "velocity": "velocity|event rate",
    "union-merge": r"unions?|(?:merge|merged|combined?) with",
    "rename-cast": r"casts?|casting|renam\w*",
    "count-threshold": r"#num or more (?!in a row|consecutive|of)\w+ \w+",
    "watermark": "watermark node",
    "match-recognize": r"match_?recognize|match recognize|row patterns?",
    "ml-model-endpoint": "model endpoint",
    "heartbeat": r"heartbeats?|silent|silence|stops? (?:sending|reporting)",
}
"""Patterns by the name that a text may give them."""
BUILT = ("union-merge", "state-machine", "match-recognize", "data-quality-expectations")
"""Those that no other pattern may stand for."""
QUALITY = "data-quality-expectations"
NAMED[QUALITY] = r"(?:fail|abort|stop) (?:the )?(?:pipeline|job|stream|run|query)"
