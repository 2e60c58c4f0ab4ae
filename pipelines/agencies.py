"""The wire agencies of the world, by name and sign: whose text it is where a page credits one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.authors import fold_name

_AGENCIES = (  # national and international agencies that sell texts to papers, as credits name them
    "Reuters, Thomson Reuters, Associated Press, AP, The Associated Press, AP News, AFP, Agence France-Presse, dpa,"
    "Deutsche Presse-Agentur, dpa-AFX, AFX, epd, KNA, SID, Sport-Informations-Dienst, APA, Austria Presse Agentur,"
    "Keystone-SDA, SDA, ATS, Keystone-ATS, Belga, ANP, Ritzau, NTB, TT, TT Nyhetsbyrån, STT, BNS, LETA,"
    "ELTA, PAP, Polska Agencja Prasowa, ČTK, TASR, SITA, MTI, Agerpres, Mediafax, BTA, Hina, STA, Tanjug,"
    "FoNet, SRNA, MIA, ANSA, Adnkronos, AGI, LaPresse, Askanews, EFE, Agencia EFE, Europa Press, Servimedia, Lusa,"
    "Agência Lusa, Agência Brasil, Estadão Conteúdo, Folhapress, Télam, Noticias Argentinas, Notimex, Prensa Latina,"
    "Andina, Anadolu, Anadolu Ajansı, Anadolu Agency, AA, DHA, Demirören Haber Ajansı, İHA, İhlas Haber Ajansı, ANKA,"
    "TASS, ТАСС, RIA Novosti, РИА Новости, Interfax, Интерфакс, Interfax-Ukraine, Ukrinform, Укринформ, Укрінформ,"
    "UNIAN, УНИАН, УНІАН, BelTA, БелТА, Kazinform, AMNA, ΑΠΕ-ΜΠΕ, CNA, PA, PA Media, Press Association,"
    "UPI, The Canadian Press, Canadian Press, La Presse Canadienne, CP, AAP, Australian Associated Press, RNZ, PTI,"
    "Press Trust of India, ANI, IANS, UNI, APP, UNB, BSS, Xinhua, 新华社, 新華社, China News Service, 中新社, 中新网,"
    "CNA 中央社, 中央社, Kyodo, Kyodo News, 共同通信, 共同, Jiji, Jiji Press, 時事通信, 時事, Yonhap, 연합뉴스, Newsis,"
    "뉴시스, News1, 뉴스1, Bernama, Antara, TTXVN, Thông tấn xã Việt Nam, VNA, Vietnam News Agency, PNA, MNA, NAN,"
    "SAPA, MENA, WAM, SPA, QNA, KUNA, IRNA, ISNA, SANA, NNA, Maghreb Arabe Presse, MAP, TAP, APS, Bloomberg News,"
    "Bloomberg, Dow Jones Newswires, Inter Press Service, Religion News Service, States Newsroom"
)
_KNOWN = {fold_name(name): name.strip() for name in _AGENCIES.split(",")}
_PARTS = re.compile(r"\s*[/,;|+&]\s*|\s+(?:and|und|et|y|e|og|och|with|mit|avec|con|via)\s+|\s+-\s+", re.IGNORECASE)
_LONGEST = 80


def agency_in(credits_: Iterable[str]) -> str | None:
    """The first credit that is an agency's name, or a list that has one: ``mit dpa`` is none, ``dpa/AFP`` is ``dpa``.

    Signs of two letters must be capitals, as in ``AP``: they are words in some languages.
    """
    for credit in credits_:
        if len(credit) > _LONGEST:
            continue
        for part in (credit, *_PARTS.split(credit)):
            known = _KNOWN.get(fold_name(part))
            if known and (len(known) > 3 or part.strip() == known or part.isupper()):
                return part.strip()
    return None
