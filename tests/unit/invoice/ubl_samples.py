"""An invoice written for these tests, full of everything Peppol BIS 3 has, and pieces to build others."""

from collections.abc import Iterator

import pytest

from app.invoice.reading import read_invoice
from app.invoice.records import Invoice, Response
from app.invoice.refusal import InvoiceUnreadable

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
FULL = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment before the root -->
<Invoice xmlns="{UBL}Invoice-2" xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
  <cbc:ID>F-1001</cbc:ID>
  <cbc:IssueDate>2026-03-01</cbc:IssueDate>
  <cbc:DueDate>2026-03-31</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:Note>Thank you &amp; welcome back</cbc:Note>
  <cbc:TaxPointDate>2026-02-28</cbc:TaxPointDate>
  <cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>
  <cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>
  <cbc:AccountingCost>4025:123</cbc:AccountingCost>
  <cbc:BuyerReference>ZZ-17</cbc:BuyerReference>
  <cac:InvoicePeriod><cbc:StartDate>2026-02-01</cbc:StartDate><cbc:EndDate>2026-02-28</cbc:EndDate></cac:InvoicePeriod>
  <cac:OrderReference><cbc:ID>PO-9</cbc:ID><cbc:SalesOrderID>SO-4</cbc:SalesOrderID></cac:OrderReference>
  <cac:BillingReference><cac:InvoiceDocumentReference>
    <cbc:ID>F-900</cbc:ID><cbc:IssueDate>2026-01-02</cbc:IssueDate>
  </cac:InvoiceDocumentReference></cac:BillingReference>
  <cac:ContractDocumentReference><cbc:ID>C-1</cbc:ID></cac:ContractDocumentReference>
  <cac:AdditionalDocumentReference><cbc:ID>A-1</cbc:ID><cbc:DocumentDescription>Hours</cbc:DocumentDescription>
    <cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="hours.pdf">
      SGVsbG8s
      IHdvcmxkIQ==
    </cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>
  <cac:AdditionalDocumentReference><cbc:ID>A-2</cbc:ID><cac:Attachment><cac:ExternalReference>
    <cbc:URI>https://files.example/a2</cbc:URI></cac:ExternalReference></cac:Attachment></cac:AdditionalDocumentReference>
  <cac:AccountingSupplierParty><cac:Party>
    <cbc:EndpointID schemeID="0088">7300010000001</cbc:EndpointID>
    <cac:PartyIdentification><cbc:ID schemeID="0007">5561234567</cbc:ID></cac:PartyIdentification>
    <cac:PartyName><cbc:Name>Norrsken Möbler</cbc:Name></cac:PartyName>
    <cac:PostalAddress><cbc:StreetName>Storgatan</cbc:StreetName><cbc:BuildingNumber>10</cbc:BuildingNumber>
      <cbc:AdditionalStreetName>Hus B</cbc:AdditionalStreetName><cbc:CityName>Umeå</cbc:CityName>
      <cbc:PostalZone>90325</cbc:PostalZone><cbc:CountrySubentity>AC</cbc:CountrySubentity>
      <cac:Country><cbc:IdentificationCode>SE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyTaxScheme><cbc:CompanyID>SE556123456701</cbc:CompanyID>
      <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
    <cac:PartyTaxScheme><cbc:CompanyID>Godkänd för F-skatt</cbc:CompanyID>
      <cac:TaxScheme><cbc:ID>TAX</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
    <cac:PartyLegalEntity><cbc:RegistrationName>Norrsken Möbler AB</cbc:RegistrationName>
      <cbc:CompanyID schemeID="0007">5561234567</cbc:CompanyID><cbc:CompanyLegalForm>AB</cbc:CompanyLegalForm>
    </cac:PartyLegalEntity>
    <cac:Contact><cbc:Name>Lo Berg</cbc:Name><cbc:Telephone>+46 90 1</cbc:Telephone>
      <cbc:ElectronicMail>lo@example.se</cbc:ElectronicMail></cac:Contact>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty>
    <cac:Party><cac:PartyLegalEntity><cbc:RegistrationName>Fjord Paper AS</cbc:RegistrationName></cac:PartyLegalEntity>
    </cac:Party>
    <cac:AccountingContact><cbc:ElectronicMail>ap@example.no</cbc:ElectronicMail></cac:AccountingContact>
  </cac:AccountingCustomerParty>
  <cac:PayeeParty><cac:PartyName><cbc:Name>Factoring AB</cbc:Name></cac:PartyName></cac:PayeeParty>
  <cac:TaxRepresentativeParty><cac:PartyName><cbc:Name>Skatteombud</cbc:Name></cac:PartyName></cac:TaxRepresentativeParty>
  <cac:Delivery><cbc:ActualDeliveryDate>2026-02-27</cbc:ActualDeliveryDate>
    <cac:DeliveryLocation><cbc:ID schemeID="0088">7300010000018</cbc:ID>
      <cac:Address><cbc:CityName>Bergen</cbc:CityName></cac:Address></cac:DeliveryLocation>
    <cac:DeliveryParty><cac:PartyName><cbc:Name>Fjord Lager</cbc:Name></cac:PartyName></cac:DeliveryParty>
  </cac:Delivery>
  <cac:Delivery/>
  <cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cbc:PaymentID>1001234</cbc:PaymentID>
    <cac:PayeeFinancialAccount><cbc:ID>SE45 5000 0000 0583 9825 7466</cbc:ID><cbc:Name>Norrsken</cbc:Name>
      <cac:FinancialInstitutionBranch><cbc:ID>ESSESESS</cbc:ID></cac:FinancialInstitutionBranch>
    </cac:PayeeFinancialAccount></cac:PaymentMeans>
  <cac:PaymentMeans><cbc:PaymentMeansCode name="Bankgirot">30</cbc:PaymentMeansCode>
    <cac:PayeeFinancialAccount><cbc:ID>123-4567</cbc:ID>
      <cac:FinancialInstitutionBranch><cbc:ID>SE:BANKGIRO</cbc:ID></cac:FinancialInstitutionBranch>
    </cac:PayeeFinancialAccount></cac:PaymentMeans>
  <cac:PaymentMeans><cbc:PaymentMeansCode>48</cbc:PaymentMeansCode><cac:CardAccount>
    <cbc:PrimaryAccountNumberID>4111111111111111</cbc:PrimaryAccountNumberID></cac:CardAccount></cac:PaymentMeans>
  <cac:PaymentTerms><cbc:Note>30 days net</cbc:Note></cac:PaymentTerms>
  <cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReason>Loyalty</cbc:AllowanceChargeReason>
    <cbc:MultiplierFactorNumeric>10.00</cbc:MultiplierFactorNumeric>
    <cbc:Amount currencyID="SEK">100.00</cbc:Amount><cbc:BaseAmount currencyID="SEK">1000.00</cbc:BaseAmount>
    <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.00</cbc:Percent></cac:TaxCategory></cac:AllowanceCharge>
  <cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode><cbc:Amount>50.00</cbc:Amount></cac:AllowanceCharge>
  <cac:TaxTotal><cbc:TaxAmount currencyID="SEK">237.50</cbc:TaxAmount>
    <cac:TaxSubtotal><cbc:TaxableAmount currencyID="SEK">950.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="SEK">237.50</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.00</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>
    <cac:TaxSubtotal><cbc:TaxableAmount currencyID="SEK">0.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="SEK">0.00</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>E</cbc:ID><cbc:TaxExemptionReason>Books</cbc:TaxExemptionReason></cac:TaxCategory>
    </cac:TaxSubtotal></cac:TaxTotal>
  <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount></cac:TaxTotal>
  <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="SEK">1000.00</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="SEK">950.00</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="SEK">1187.50</cbc:TaxInclusiveAmount>
    <cbc:AllowanceTotalAmount currencyID="SEK">100.00</cbc:AllowanceTotalAmount>
    <cbc:ChargeTotalAmount currencyID="SEK">50.00</cbc:ChargeTotalAmount>
    <cbc:PrepaidAmount currencyID="SEK">187.00</cbc:PrepaidAmount>
    <cbc:PayableRoundingAmount currencyID="SEK">-0.50</cbc:PayableRoundingAmount>
    <cbc:PayableAmount currencyID="SEK">1000.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
  <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:Note>Handle with care</cbc:Note>
    <cbc:InvoicedQuantity unitCode="EA">4.00</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="SEK">600.00</cbc:LineExtensionAmount>
    <cbc:AccountingCost>77</cbc:AccountingCost>
    <cac:InvoicePeriod><cbc:StartDate>2026-02-01</cbc:StartDate></cac:InvoicePeriod>
    <cac:OrderLineReference><cbc:LineID>3</cbc:LineID></cac:OrderLineReference>
    <cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
      <cbc:AllowanceChargeReason>Scratch</cbc:AllowanceChargeReason>
      <cbc:Amount currencyID="SEK">40.00</cbc:Amount></cac:AllowanceCharge>
    <cac:Item><cbc:Description>Oak, oiled</cbc:Description><cbc:Name>Chair</cbc:Name>
      <cac:BuyersItemIdentification><cbc:ID>B-1</cbc:ID></cac:BuyersItemIdentification>
      <cac:SellersItemIdentification><cbc:ID>S-1</cbc:ID></cac:SellersItemIdentification>
      <cac:StandardItemIdentification><cbc:ID schemeID="0160">07311234567890</cbc:ID></cac:StandardItemIdentification>
      <cac:CommodityClassification><cbc:ItemClassificationCode listID="STI">5610</cbc:ItemClassificationCode>
      </cac:CommodityClassification>
      <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.00</cbc:Percent>
        <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory>
      <cac:AdditionalItemProperty><cbc:Name>Colour</cbc:Name><cbc:Value>Black</cbc:Value></cac:AdditionalItemProperty>
      <cac:AdditionalItemProperty><cbc:Name>Nothing</cbc:Name></cac:AdditionalItemProperty></cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="SEK">160.00</cbc:PriceAmount>
      <cbc:BaseQuantity unitCode="EA">10</cbc:BaseQuantity></cac:Price></cac:InvoiceLine>
  <cac:InvoiceLine><cbc:ID>2</cbc:ID><cbc:LineExtensionAmount currencyID="SEK">400.00</cbc:LineExtensionAmount>
    <cac:Item><cbc:Name>Table</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>"""


def ubl(body: str, root: str = "Invoice") -> bytes:
    """A document of UBL 2 with the usual prefixes around a body."""
    spaces = f'xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2"'
    return f'<{root} xmlns="{UBL}{root}-2" {spaces}>{body}</{root}>'.encode()


def numbered_line(number: int, amount: str = "1.00", name: str = "Bolt") -> str:
    return (
        f'<cac:InvoiceLine><cbc:ID>{number}</cbc:ID><cbc:LineExtensionAmount currencyID="SEK">{amount}'
        f"</cbc:LineExtensionAmount><cac:Item><cbc:Name>{name}</cbc:Name></cac:Item></cac:InvoiceLine>"
    )


def with_lines(count: int, total: str) -> bytes:
    """An invoice in SEK of so many lines of 1.00 each that states this sum."""
    head = (
        "<cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode><cac:LegalMonetaryTotal>"
        f'<cbc:LineExtensionAmount currencyID="SEK">{total}</cbc:LineExtensionAmount></cac:LegalMonetaryTotal>'
    )
    return ubl(head + "".join(map(numbered_line, range(1, count + 1))))


def refusal(source: bytes | Iterator[bytes], **options: object) -> str:
    """The reason this source is refused for."""
    with pytest.raises(InvoiceUnreadable) as caught:
        read_invoice(source, **options)  # type: ignore[arg-type]
    return caught.value.reason


def invoice_of(source: bytes, **options: object) -> Invoice:
    record = read_invoice(source, **options)  # type: ignore[arg-type]
    assert isinstance(record, Invoice)
    return record


def response_of(source: bytes) -> Response:
    record = read_invoice(source)
    assert isinstance(record, Response)
    return record
