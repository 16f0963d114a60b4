"""Words of plain English as tables: numbers, units, synonyms, and what carries no meaning."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "dozen": 12,
}  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "mn": 10**6,
          "mio": 10**6, "billion": 10**9, "bn": 10**9, "lakh": 10**5, "lakhs": 10**5, "lac": 10**5,
          "lacs": 10**5, "crore": 10**7, "crores": 10**7}  # fmt: skip
LETTERS = {"k": 1000, "M": 10**6, "B": 10**9, "K": 1000}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
TIMES = {"twice": 2, "thrice": 3}
FACTORS = {"double": 2, "doubles": 2, "doubled": 2, "triple": 3, "triples": 3, "tripled": 3,
           "quadruples": 4, "halves": 0.5, "halved": 0.5}  # fmt: skip

SECOND_US = 1_000_000
DURATIONS = {
    name: length
    for names, length in (
        ("us microsecond microseconds", 1),
        ("ms msec msecs millis millisecond milliseconds", 1000),
        ("s sec secs second seconds", SECOND_US),
        ("m min mins minute minutes minuets minuts minutse", 60 * SECOND_US),
        ("h hr hrs hour hours", 3600 * SECOND_US),
        ("d day days", 86_400 * SECOND_US),
        ("wk wks week weeks", 7 * 86_400 * SECOND_US),
        ("fortnight fortnights", 14 * 86_400 * SECOND_US),
        ("month months", 30 * 86_400 * SECOND_US),
    )
    for name in names.split()
}
"""Microseconds by unit. A month has no fixed length; where it is used, that is said."""
SPEEDS = (["km", "/", "h"], ["m", "/", "s"], ["mi", "/", "h"], ["ft", "/", "s"])
RATES = {"hourly": 3600 * SECOND_US, "daily": 86_400 * SECOND_US, "weekly": 7 * 86_400 * SECOND_US,
         "minutely": 60 * SECOND_US}  # fmt: skip
DISTANCES = {
    name: metres
    for names, metres in (
        ("meter meters metre metres mtr", 1.0),
        ("km kms kilometer kilometers kilometre kilometres", 1000.0),
        ("mile miles mi", 1609.344),
        ("foot feet ft", 0.3048),
        ("yard yards yd", 0.9144),
    )
    for name in names.split()
}
NEUTRAL_UNITS = {
    "degree": "degrees", "degrees": "degrees", "celsius": "degrees", "fahrenheit": "degrees",
    "c": "degrees", "f": "degrees", "°c": "degrees", "°f": "degrees", "°": "degrees",
    "dollar": "money", "dollars": "money", "usd": "money", "eur": "money", "euro": "money",
    "euros": "money", "pounds": "money", "gbp": "money", "bucks": "money",
    "bpm": "heart", "mph": "speed", "kph": "speed", "kmh": "speed", "km/h": "speed",
    "psi": "pressure", "bar": "pressure", "hpa": "pressure", "volts": "voltage", "volt": "voltage",
    "watts": "power", "kw": "power", "kwh": "energy", "rpm": "rpm", "ppm": "ppm",
    "mb": "bytes", "gb": "bytes",
}  # fmt: skip
"""A unit after a number, and what kind of column has it."""
UNIT_COLUMNS = {
    "money": ("amount", "price", "total", "cost", "value", "payment", "spend", "revenue"),
    "degrees": ("temperature", "temp"),
    "heart": ("heart", "pulse"), "speed": ("speed", "velocity"), "pressure": ("pressure",),
    "voltage": ("voltage",), "power": ("power",), "energy": ("energy", "consumption"),
    "rpm": ("rpm",), "ppm": ("ppm", "concentration"), "bytes": ("bytes", "size", "memory"),
    "time": ("latency", "duration", "elapsed", "response", "delay", "age"),
    "percent": ("percent", "pct", "cpu", "usage", "utilization", "humidity", "ratio"),
}  # fmt: skip
DAY_TIMES = {"midnight": 0, "noon": 720, "midday": 720}
"""Times of day that have a name, in minutes."""

USUAL = {"side": ("buy", "sell")}
"""Values that a column of such a name usually has."""
CURRENCIES = word_set(
    "USD EUR GBP INR JPY CHF SEK NOK DKK PLN CAD AUD NZD CNY BRL MXN ZAR SGD HKD KRW TRY AED"
)
COUNTRIES = word_set(
    "US UK GB DE FR IT ES PT NL BE LU IE AT CH SE NO DK FI IS PL CZ SK HU RO BG GR HR SI RS UA RU "
    "TR IL AE SA EG ZA NG KE MA IN PK BD CN HK TW JP KR KP SG MY TH VN ID PH AU NZ CA MX BR AR CL "
    "CO PE USA GBR DEU FRA IRN IRQ SYR IR SY EU"
)
CONTRACTIONS = {
    "doesn't": "does not", "don't": "do not", "didn't": "did not", "isn't": "is not",
    "aren't": "are not", "wasn't": "was not", "weren't": "were not", "hasn't": "has not",
    "haven't": "have not", "won't": "will not", "can't": "can not", "cannot": "can not",
    "there's": "there is", "it's": "it is", "that's": "that is", "i'd": "i would",
    "i'm": "i am", "let's": "let us", "shouldn't": "should not", "we're": "we are",
    "we'd": "we would", "doesnt": "does not", "dont": "do not", "isnt": "is not",
    "hasnt": "has not", "didnt": "did not", "w/o": "without", "w/": "with", "w/in": "within",
}  # fmt: skip

SYNONYMS = (
    "user customer client member shopper buyer visitor subscriber",
    "device sensor machine equipment unit",
    "temperature temp temperatur tmp",
    "amount amt sum total value",
    "quantity qty count",
    "account acct",
    "transaction txn tx trx payment",
    "latitude lat",
    "longitude lon lng long",
    "timestamp ts time datetime",
    "vehicle truck car van",
    "merchant shop store vendor seller",
    "country nation",
    "price cost",
    "number num no nr",
    "id identifier uid uuid",
    "message msg",
    "ip ipaddress address",
    "employee worker staff",
    "category cat",
    "vibration vibrations",
    "speed velocity",
)
"""Words that may stand for one another in the name of a column."""
TAILS = word_set("id number no key code name value column field reading level address")
"""What the name of a thing may end in without being another thing."""

COLUMN_TYPES = {
    "int": "int", "integer": "int", "whole": "int", "bigint": "bigint", "long": "bigint",
    "double": "double", "float": "float", "number": "double", "decimal": "decimal(18,2)",
    "string": "string", "text": "string", "timestamp": "timestamp", "date": "date",
    "datetime": "timestamp", "boolean": "boolean", "bool": "boolean",
}  # fmt: skip
"""Spark's types by what people call them."""
TYPE_COLUMNS = (
    "event_type",
    "event_name",
    "type",
    "kind",
    "action",
    "event",
    "activity",
    "operation",
    "eventtype",
    "event_kind",
    "name",
    "op",
    "category",
    "step",
)
"""Columns that say what sort of event a row is, likeliest first."""
STATUS_COLUMNS = ("status", "result", "outcome", "state", "response", "decision")
STATUS_WORDS = word_set(
    "failed failure fail successful success succeeded succeeds declined denied rejected approved "
    "accepted completed complete cancelled canceled pending paid unpaid shipped delivered returned "
    "refunded blocked active inactive open closed online offline ok error critical warning "
    "confirmed created placed expired locked running stopped"
)
STATUS_NOUNS = {
    "shipment": "shipped", "payment": "paid", "delivery": "delivered", "refund": "refunded",
    "cancellation": "cancelled", "approval": "approved", "confirmation": "confirmed",
    "return": "returned", "decline": "declined", "approve": "approved", "reject": "rejected",
    "cancel": "cancelled", "ship": "shipped", "deliver": "delivered", "confirm": "confirmed",
    "complete": "completed", "fail": "failed", "failure": "failed", "denial": "denied",
    "rejection": "rejected", "completion": "completed",
}  # fmt: skip
"""The status that an event of this name brings."""
OPPOSITES = {"failed": "success", "failure": "success", "fail": "success",
             "unsuccessful": "success", "declined": "approved", "denied": "granted",
             "inactive": "active", "offline": "online", "invalid": "valid"}  # fmt: skip
ENTITIES = word_set(
    "user customer client member shopper visitor device sensor machine equipment card account "
    "merchant store shop vehicle truck car driver order session patient host server ip station "
    "meter employee worker player product item sku instrument symbol ticker stock cell "
    "tower site building room asset robot engine turbine pump shipment container package "
    "parcel ship plane bus train courier rider plant line zone region country city terminal "
    "subscriber tenant claim policy invoice wallet airport flight app service node pod elevator "
    "refrigerator freezer fridge bike scooter phone browser email person buyer seller reader"
)
"""Things that events are about: what a key usually names."""
THINGS = word_set(
    "order session claim invoice shipment parcel package flight product item door stock app player "
    "policy container browser email phone region"
)
"""Those of them that an event's name often begins with: `order placed`."""
EVENT_IDS = word_set("event message transaction txn record row request trace log")
"""Things with an id of their own in every row, which is no key for a pattern over several."""

GENERIC = word_set(
    "event events record records row rows message messages entry entries reading readings "
    "measurement measurements datapoint datapoints point points sample samples data item items "
    "thing things everything anything transaction transactions occurrence occurrences value values "
    "stream streams "
    "feed feeds activity activities attempt attempts one ones case cases instance instances "
    "signal signals update updates"
)
STOP = word_set(
    "a an the this that these those it its their them they he she his her i we you me us our my "
    "is are was were be been being am has have had do does did will would should could can may "
    "might must shall to of for from at on in by as with and or but so if when whenever then than "
    "there here what which who whose whom where please just also too only very really all any "
    "every each some same want need like get gets give make makes made let show tell know see "
    "would kindly hey hi hello thanks thank okay ok someone somebody something anyone anything "
    "happens happen happened occurs occur occurred comes come came goes going seen sees see "
    "appears appear within after before during over into onto out up now soon_ again more most "
    "time times pipeline detect find spot flag catch identify alert notify warn report watch "
    "monitor track look trigger raise emit build create set do new whenever once while since "
    "either both other another such own still already e.g i.e etc via using use about how "
    "pattern match matches matching rule cases condition given individual single particular "
    "certain specific following next immediately directly back ever first finally later "
    "keep keeps keeping continuously immediately basically actually people folks things gets "
    "got receive receives received arrive arrives arrived sent send sends performs perform "
    "performed does doing done ensure sure that's case result results together period window "
    "sink source placing places place follows follow doesn try tries tried trying report "
    "reports reported reporting stay stays correlate correlated used uses someone somebody "
    "good valid clean sends amount_ afterwards afterward thereafter least end start called named "
    "different looks having "
)
"""Words that change nothing when they are not used."""
VAGUE = {
    "soon": "how soon is soon?",
    "shortly": "how long is shortly?",
    "quickly": "how fast is quickly?",
    "rapidly": "how fast is rapidly?",
    "a lot": "how many is a lot?",
    "lots": "how many is lots?",
    "many": "how many is many?",
    "several": "how many is several?",
    "frequently": "how often is frequently?",
    "often": "how often is often?",
    "a while": "how long is a while?",
    "too long": "how long is too long?",
    "a long time": "how long is a long time?",
    "recently": "how long ago is recently?",
    "too many": "how many is too many?",
    "too much": "how much is too much?",
    "too often": "how often is too often?",
    "a few": "how many is a few?",
    "large": "how much is large?",
    "big": "how much is big?",
    "huge": "how much is huge?",
    "high": "how high is high?",
    "small": "how much is small?",
    "low": "how low is low?",
    "too high": "how high is too high?",
    "too low": "how low is too low?",
    "too hot": "how hot is too hot?",
    "hot": "how hot is hot?",
    "expensive": "how much is expensive?",
    "fast": "how fast is fast?",
    "slow": "how slow is slow?",
    "cold": "how cold is cold?",
    "old": "how old is old?",
    "near": "how near is near, and where is the place (latitude and longitude)?",
    "nearby": "how near is nearby, and where is the place (latitude and longitude)?",
    "more than usual": "how much is more than usual?",
    "unusually": "how much is unusual?",
    "close to": "how near is close?",
}
"""Words for an amount that nobody can act on, and what has to be asked."""
