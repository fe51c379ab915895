"""The made-up companies that the sandbox's companies trade with, what is traded, and the names meant to break pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Party:
    """A trading partner, or one of our companies in the role of one."""

    name: str
    country: str
    street: str
    town: str
    post_code: str
    gln: str
    vat: str
    orgnr: str
    contact: str = ""
    email: str = ""
    provider: tuple[str, str] = ("-1", "Pagero")


LONG = (
    "Vereinigte Nordwestdeutsche Gesellschaft für Kommunale Infrastruktur, Gebäudebewirtschaftung, Facility-Management "
    "und Technische Dienstleistungen im Landkreis Grafschaft Bentheim mbH & Co. Kommanditgesellschaft auf Aktien"
)

PARTNERS = (
    Party(
        "Fjord Paper AS", "NO", "Kaigata 4", "Bergen", "5015", "7300000000011", "NO987654325MVA", "987654325", "R. Dahl"
    ),
    Party(
        "Västkust Verktyg AB",
        "SE",
        "Hamngatan 7",
        "Varberg",
        "432 44",
        "7300000000028",
        "SE556012345601",
        "5560123456",
        "Maja Holm",
        "maja.holm@vastkustverktyg.example",
    ),
    Party(
        "Kontorsgruppen i Småland AB",
        "SE",
        "Storgatan 19",
        "Växjö",
        "352 31",
        "7300000000035",
        "SE556098765401",
        "5560987654",
        "Per Alm",
        "faktura@kontorsgruppen.example",
    ),
    Party(
        "Ringsted Byg ApS",
        "DK",
        "Nørregade 2",
        "Ringsted",
        "4100",
        "5790000000012",
        "DK31415926",
        "31415926",
        "",
        "bogholderi@ringstedbyg.example",
        ("4711", "Nordisk Udveksling"),
    ),
    Party(
        "Papeterie Dubœuf & Fils SARL",
        "FR",
        "12 rue de la République",
        "Lyon",
        "69002",
        "3020000000018",
        "FR40303265045",
        "303265045",
        "Chloé Dubœuf",
    ),
    Party(
        "Talleres Peñalver S.A.",
        "ES",
        "Avenida de la Constitución 88",
        "Sevilla",
        "41001",
        "8400000000016",
        "ESA41000001",
        "A41000001",
        "José Peñalver",
        "jose@penalver.example",
    ),
    Party(
        "Bianchi Arredamenti S.r.l.",
        "IT",
        "Via Garibaldi 140",
        "Torino",
        "10122",
        "8000000000019",
        "IT01234567890",
        "01234567890",
        "",
        "",
        ("2203", "Fattura Rete"),
    ),
    Party(
        "Kuopion Metalli Oy",
        "FI",
        "Puijonkatu 31",
        "Kuopio",
        "70110",
        "6400000000012",
        "FI20202020",
        "20202020",
        "Aino Laine",
    ),
    Party(
        "Łódzkie Zakłady Przemysłu Bawełnianego Sp. z o.o.",
        "PL",
        "ul. Piotrkowska 104",
        "Łódź",
        "90-004",
        "5900000000013",
        "PL7250001234",
        "7250001234",
        "Grzegorz Brzęczyszczykiewicz",
    ),
    Party(
        "Ελληνικά Χαρτικά Α.Ε.",
        "GR",
        "Οδός Ερμού 56",
        "Αθήνα",
        "105 63",
        "5200000000014",
        "EL094000001",
        "094000001",
        "Γιώργος Νικολάου",
    ),
    Party(
        "株式会社東京精密工業",
        "JP",
        "千代田区丸の内一丁目9番1号",
        "東京都",
        "100-0005",
        "4900000000012",
        "T1234567890123",
        "1234567890123",
        "山田 太郎",
        "yamada@tokyo-seimitsu.example",
    ),
    Party(
        "شركة الخليج للتجارة والمقاولات ذ.م.م",
        "KW",
        "شارع فهد السالم",
        "مدينة الكويت",
        "13001",
        "6270000000015",
        "KW100200300",
        "100200300",
        "محمد العلي",
    ),
    Party(
        LONG,
        "DE",
        "An der Bundesstraße 213 / Gewerbepark Nord, Gebäude 4b, Aufgang C, 3. Obergeschoss",
        "Nordhorn",
        "48529",
        "4000000000019",
        "DE123456788",
        "HRB 200300",
        "Dr.-Ing. Annegret Freifrau von und zu Hohenfels-Wetterstein",
    ),
    Party(
        "Oak & Thistle Ltd",
        "GB",
        "1 Princes Street",
        "Edinburgh",
        "EH2 2EQ",
        "5000000000012",
        "GB123456789",
        "SC123456",
        "Fiona M'Gregor",
        "accounts+pagero@oakthistle.example",
    ),
    Party(
        "Göteborgs Stad, Stadsledningskontoret",
        "SE",
        "Gustaf Adolfs Torg 4A",
        "Göteborg",
        "411 10",
        "7300000000042",
        "SE212000135501",
        "2120001355",
    ),
    Party(
        "O'Neill Freight B.V.",
        "NL",
        "Waalhaven Z.z. 19",
        "Rotterdam",
        "3089 JH",
        "8700000000015",
        "NL123456789B01",
        "24123456",
        "Saoirse O'Neill",
        "",
        ("9051", "Haven Connect"),
    ),
)

GOODS = (
    ("Kopieringspapper A4, 80 g, 5 × 500 ark", "XBX", "259.00"),
    ("Office chair “Loft”, grey", "EA", "2495.00"),
    ("Consulting, senior", "HUR", "1250.00"),
    ("Freight, pallet", "EA", "745.50"),
    ("Bearings 6204-2RS", "EA", "38.75"),
    ("Bomullsgarn, blekt", "KGM", "92.40"),
    ("Torque wrench 10–60 Nm", "EA", "1189.00"),
    ("Städning, kontor, per månad", "MON", "6400.00"),
    ("Électricité, heures pleines", "KWH", "1.87"),
    ("Licence, 12 months", "ANN", "4990.00"),
    ("精密測定器 TM-200", "EA", "18250"),
    ("Väderskydd, presenning 4 × 6 m", "MTK", "12.35"),
)

HOSTILE = (
    '<script>alert("name")</script>',
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://evil.example","Click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1-2\tTAB",
    "Invoice \u202egpj.exe\u202c AB",
    "{{ 7*7 }}${7*7}<%= 7*7 %>",
    "Robert'); DROP TABLE documents;--",
    "\u2066\u2067isolates\u2069 \u200b\u200d\ufeff",
    "line\r\nSet-Cookie: a=b",
    "A" * 10_000,
    "\x00\x07nul and bell",
    "../../../../etc/passwd",
    "Z̸̧͚̀a̶͇̍l̴̤͝g̷̞̈o̶͖͑ AB",
)

RATES = {"SE": ("25", "12"), "ES": ("21", "10"), "FI": ("25.5", "14"), "DK": ("25", "25")}
