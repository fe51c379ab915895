"""Who can sign in at the sandbox and which companies they belong to. Data only; everybody's password is `sandbox`."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

PASSWORD = "sandbox"


def stable_uuid(text: str) -> str:
    """The same UUID for the same text at every start."""
    return str(uuid5(NAMESPACE_URL, f"https://sandbox.example/{text}"))


@dataclass(frozen=True)
class Company:
    """One legal entity, identified at Pagero by a UUID."""

    key: str
    name: str
    department: str
    country: str
    currency: str
    town: str
    street: str
    post_code: str
    gln: str
    vat: str
    orgnr: str

    @property
    def id(self) -> str:
        """The `companyId` of the API."""
        return stable_uuid(f"company/{self.key}")


@dataclass(frozen=True)
class Person:
    """A Pagero user. `username` is the subject of their tokens, as at Curity; `publicid` is Pagero's claim."""

    username: str
    full_name: str
    email: str
    phone: str
    companies: tuple[Company, ...]

    @property
    def publicid(self) -> str:
        """The value of the `publicid` claim."""
        return stable_uuid(f"person/{self.username}")


NORDLICHT = Company("nordlicht", "Nordlicht Handel AB", "Ekonomi", "SE", "SEK", "Göteborg", "Första Långgatan 28",
                    "413 27", "7300010000018", "SE556677889901", "5566778899")  # fmt: skip
FJALLFORM = Company("fjallform", "Fjällform Möbler AB", "Inköp", "SE", "SEK", "Östersund", "Prästgatan 11",
                    "831 31", "7300010000025", "SE559900112201", "5599001122")  # fmt: skip
KONTOR = Company("kontor", "Kontor Ibérica S.L.", "Administración", "ES", "EUR", "Zaragoza", "Calle de Alfonso I 17",
                 "50003", "8400010000013", "ESB99123456", "B99123456")  # fmt: skip
VOLGA = Company("volga", "Volga Instruments Oy", "Laskutus", "FI", "EUR", "Tampere", "Hämeenkatu 9",
                "33100", "6400010000014", "FI12345671", "12345671")  # fmt: skip
EMPTY = Company("nyborg", "Nyborg Start-up ApS", "", "DK", "DKK", "Aarhus", "Åboulevarden 3",
                "8000", "5790010000017", "DK12345678", "12345678")  # fmt: skip

COMPANIES = (NORDLICHT, FJALLFORM, KONTOR, VOLGA, EMPTY)

PEOPLE = (
    Person("anna", "Anna Lindqvist", "anna.lindqvist@nordlicht.example", "+46 31 555 01 01", (NORDLICHT,)),
    Person("bjorn", "Björn Ek", "bjorn.ek@fjallform.example", "+46 63 555 02 02", (FJALLFORM, NORDLICHT)),
    Person("carla", "Carla Ruiz Ibáñez", "carla.ruiz@kontor.example", "+34 976 555 303", (KONTOR,)),
    Person("dmitri", "Dmitri Volkov", "dmitri.volkov@volga.example", "+358 3 555 0404", (VOLGA,)),
    Person("eve", "Eve Nyborg", "eve@nyborg.example", "+45 86 55 05 05", (EMPTY,)),
)

BY_USERNAME = {person.username: person for person in PEOPLE} | {"björn": PEOPLE[1]}


def extra_person(username: str) -> Person:
    """`load-7` and the like: as many people as a load test wants, each of Nordlicht."""
    return Person(username, f"Load {username[5:]}", f"{username}@nordlicht.example", "", (NORDLICHT,))


def person_called(username: str) -> Person | None:
    """The person who types `username` at the login page, or None. `load-<number>` is always somebody."""
    name = username.strip().casefold()
    if name.startswith("load-") and name[5:].isascii() and name[5:].isdigit():
        return extra_person(name)
    return BY_USERNAME.get(name)
