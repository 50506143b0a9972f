"""Twelve languages around the numbers of the corpus: sentences with a card, words for codes, labels."""

from typing import Final

SENTENCES: Final = {
    "en": ("My card number is {}, please refund.", "I paid with {} yesterday.", "{}", "Visa {} was declined"),
    "de": ("Meine Kartennummer ist {}, bitte erstatten.", "Bezahlt habe ich mit {} am Montag.", "Karte:{}"),
    "fr": ("Ma carte est la {}, merci de rembourser.", "J'ai payé avec {} hier.", "Carte : {} (débit)"),
    "es": ("Mi tarjeta es {}, gracias.", "Pagué con {} ayer.", "¿Por qué no funciona {}?"),
    "it": ("La mia carta è {}, grazie.", "Ho pagato con {} ieri.", "Numero carta {}!"),
    "pt": ("O meu cartão é {}, obrigado.", "Paguei com {} ontem.", "Cartão {} recusado"),
    "nl": ("Mijn kaartnummer is {}, bedankt.", "Ik heb met {} betaald.", "Kaart: {}"),
    "pl": ("Numer mojej karty to {}, dziękuję.", "Zapłaciłem {} wczoraj.", "Karta {} odrzucona"),
    "ru": ("Номер моей карты {}, верните деньги.", "Оплатил картой {} вчера.", "Не проходит {}!"),
    "zh": ("我的卡号是{}，请退款。", "卡号{}，谢谢", "我用{}付款了"),
    "ja": ("カード番号は{}です。", "{}で支払いました。", "カード「{}」が使えません"),
    "ar": ("رقم بطاقتي {}، شكرا.", "دفعت باستخدام {} أمس.", "البطاقة {} مرفوضة"),
}
LANGUAGES: Final = tuple(SENTENCES)

CODES: Final = {
    "en": "security code",
    "de": "Prüfnummer",
    "fr": "cryptogramme",
    "es": "código de seguridad",
    "it": "codice di sicurezza",
    "pt": "código de segurança",
    "nl": "beveiligingscode",
    "pl": "kod CVV",
    "ru": "код безопасности",
    "zh": "安全码",
    "ja": "セキュリティコード",
    "ar": "رمز CVV",
}

ASIDES: Final = {
    "en": ("Order 4711-20931 has not arrived.", "Call me at +49 30 901820, please.", "It was on 2026-03-02 at 9:00."),
    "de": ("Bestellung 4711-20931 ist nicht da.", "Tel. 030 901820.", "Das war am 02.03.2026, 9:00 Uhr."),
    "fr": ("La commande 4711-20931 n'est pas arrivée.", "Tél. +33 1 40 20 50 50.", "C'était le 02/03/2026."),
    "es": ("El pedido 4711-20931 no ha llegado.", "Tel. +34 91 330 28 00.", "Fue el 2/3/2026."),
    "it": ("L'ordine 4711-20931 non è arrivato.", "Tel. +39 06 6988 4676.", "Era il 2.3.2026."),
    "pt": ("O pedido 4711-20931 não chegou.", "Tel. +351 21 797 4000.", "Foi em 02/03/2026."),
    "nl": ("Bestelling 4711-20931 is er niet.", "Tel. +31 20 674 7000.", "Dat was op 2-3-2026."),
    "pl": ("Zamówienie 4711-20931 nie dotarło.", "Tel. +48 22 501 44 55.", "To było 2.03.2026."),
    "ru": ("Заказ 4711-20931 не пришёл.", "Тел. +7 495 690 99 00.", "Это было 02.03.2026."),
    "zh": ("订单4711-20931还没有到。", "电话+86 10 6552 9988。", "时间是2026年3月2日。"),
    "ja": ("注文4711-20931が届きません。", "電話は+81 3 3213 1111です。", "2026年3月2日のことです。"),
    "ar": ("الطلب 4711-20931 لم يصل.", "هاتف +971 4 366 8888.", "كان ذلك في 2026-03-02."),
}

_KINDS: Final = ("order", "tracking", "invoice", "phone", "instant")
_WORDS: Final = {
    "en": ("order number", "tracking number", "invoice no.", "phone", "at"),
    "de": ("Bestellnummer", "Sendungsnummer", "Rechnung Nr.", "Telefon", "um"),
    "fr": ("numéro de commande", "numéro de suivi", "facture n°", "téléphone", "à"),
    "es": ("número de pedido", "número de seguimiento", "factura n.º", "teléfono", "a las"),
    "it": ("numero d'ordine", "numero di spedizione", "fattura n.", "telefono", "alle"),
    "pt": ("número do pedido", "código de rastreio", "fatura n.º", "telefone", "às"),
    "nl": ("bestelnummer", "zendingsnummer", "factuur nr.", "telefoon", "om"),
    "pl": ("numer zamówienia", "numer przesyłki", "faktura nr", "telefon", "o"),
    "ru": ("номер заказа", "номер отправления", "счёт №", "телефон", "в"),
    "zh": ("订单号", "运单号", "发票号", "电话", "时间"),
    "ja": ("注文番号", "追跡番号", "請求書番号", "電話", "時刻"),
    "ar": ("رقم الطلب", "رقم الشحنة", "رقم الفاتورة", "هاتف", "الساعة"),
}
_SAME: Final = {"imei": "IMEI", "isbn": "EAN", "iban": "IBAN", "uuid": "id", "hex": "sha256", "url": "link"}
LABELS: Final = {
    language: {**_SAME, "amounts": "EUR", **dict(zip(_KINDS, words, strict=True))} for language, words in _WORDS.items()
}
