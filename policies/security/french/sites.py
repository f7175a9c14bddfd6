"""
Sites: where their names lead, and why visitors can believe what they see.
"""

from policies.french import French

TEXTS = {
    "dns-private-address": French(
        "Les noms publics mènent à des adresses publiques.",
        "Faire mener le nom à l'entrée, ou le garder hors de la zone publique.",
    ),
    "dns-wildcard": French(
        "Les noms sont créés un par un.",
        "Énumérer les noms dans `domains` de projects/<name>.yaml.",
    ),
    "dns-ttl-out-of-bounds": French(
        "Un nom qui change d'adresse est vite suivi, et un nom qui n'en change pas n'est pas redemandé sans cesse.",
        "Régler `dns.ttl_s` dans Pulumi.<stack>.yaml, ou `ttl_s` de l'enregistrement, dans les limites.",
    ),
    "dns-proxy-bypassed": French(
        "Une adresse que cache le proxy de Cloudflare n'est pas révélée ailleurs.",
        "Faire passer par le proxy les deux noms ou aucun (`proxied` dans `dns` de Pulumi.<stack>.yaml).",
    ),
    "dns-dangling": French(
        "Les noms mènent à des adresses de cet environnement : une adresse rendue peut être à n'importe qui.",
        "Corriger `dns.records` dans Pulumi.<stack>.yaml, ou nommer l'adresse dans l'option `addresses` de cette règle.",
    ),
    "dns-caa-missing": French(
        "Chaque zone dit quelles autorités peuvent émettre des certificats pour ses noms.",
        "Les énumérer dans `dns.authorities` de Pulumi.<stack>.yaml ; avec ACME, c'est letsencrypt.org par défaut.",
    ),
    "dns-caa-unknown-authority": French(
        "Seules les autorités utilisées peuvent émettre des certificats.",
        "La retirer de `dns.authorities` dans Pulumi.<stack>.yaml, ou la nommer dans l'option `authorities` de cette règle.",
    ),
    "site-plain-http": French(
        "Les sites répondent en HTTPS, et HTTP y est renvoyé.",
        "Garder `httpsOnly` : Caddy redirige de lui-même, à moins que sa configuration ne dise le contraire.",
    ),
    "site-without-hsts": French(
        "Un navigateur déjà venu ne parle plus jamais à un site en HTTP sans TLS.",
        "Garder `hsts` : le site envoie l'en-tête Strict-Transport-Security.",
    ),
    "certificates-untrusted": French(
        "Les navigateurs des visiteurs font confiance aux certificats.",
        "Régler `ingress.tls.acme` dans Pulumi.<stack>.yaml, en production sans serveur ACME d'essai.",
    ),
    "weak-tls": French(
        "Ce qui est configuré sur les serveurs utilise TLS 1.2 ou plus récent, et ne fait confiance qu'aux certificats.",
        "L'omettre : les valeurs par défaut des serveurs conviennent.",
    ),
}
