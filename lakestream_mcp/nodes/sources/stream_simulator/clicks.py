"""Visits to a shop as a Markov chain: which event a user's n-th one is, from its number alone.

Users take turns, in an order that changes with every round. A user's rounds are cut into stretches
of 64, each of which begins a session; so an event is found by walking its stretch from the start,
for all numbers at once. The same file runs in a local test and is carried into generated code.
"""
# mypy: ignore-errors

# --- carried ---
CLICK_EVENTS = ("page_view", "search", "add_to_cart", "purchase", "user_login")
CLICK_FOLLOWS = (
    (0.4, 0.2, 0.3, 0.1, 0.0),
    (0.7, 0.2, 0.1, 0.0, 0.0),
    (0.3, 0.1, 0.2, 0.4, 0.0),
    (0.8, 0.2, 0.0, 0.0, 0.0),
    (0.9, 0.1, 0.0, 0.0, 0.0),
)
CLICK_LOGIN = 0.3
CLICK_NEW_SESSION = 0.05
CLICK_ABANDONED = 0.3
CLICK_STRETCH = 64


def click_draw(seed, what, user, number):
    """Numbers from 0 to 1 that depend on what is asked for alone (SplitMix64)."""
    import numpy as np

    mixed = np.uint64(seed % 2**64)
    for part in (np.uint64(what), user.astype(np.uint64), number.astype(np.uint64)):
        mixed = (mixed ^ part) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def click_walk(numbers, seed, users):
    """User, first round of the session, and event of each number, as three arrays."""
    import numpy as np

    numbers = np.asarray(numbers, dtype=np.int64)
    with np.errstate(over="ignore"):
        turn, place = np.divmod(numbers, users)
        shift = (click_draw(seed, 1, np.zeros_like(turn), turn) * users).astype(np.int64)
        user = (place + shift) % users
        first = turn // CLICK_STRETCH * CLICK_STRETCH
        bounds = np.cumsum(np.array(CLICK_FOLLOWS), axis=1)
        session, event = first.copy(), np.zeros_like(first)
        for step in range(int((turn - first).max(initial=0)) + 1):
            at = first + step
            left = click_draw(seed, 3, user, at) < CLICK_ABANDONED
            fresh = click_draw(seed, 2, user, at) < CLICK_NEW_SESSION
            fresh |= (event == 2) & left | (step == 0)
            login = click_draw(seed, 4, user, at) < CLICK_LOGIN
            drawn = click_draw(seed, 5, user, at)
            follows = (drawn[:, None] >= bounds[event][:, :-1]).sum(axis=1)
            walked = at <= turn
            event = np.where(walked, np.where(fresh, np.where(login, 4, 0), follows), event)
            session = np.where(walked & fresh, at, session)
    return user, session, event


def clicks(seed, users):
    """A Spark function from numbers to user, session and event."""
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    @pandas_udf("click_user bigint, click_session bigint, click_event int")
    def walked(numbers: pd.Series) -> pd.DataFrame:
        user, session, event = click_walk(numbers, seed, users)
        return pd.DataFrame(
            {"click_user": user, "click_session": session, "click_event": event.astype("int32")}
        )

    return walked
