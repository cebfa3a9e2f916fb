"""The webhook provider plug-in: any ExternalDNS webhook provider as a back end; the core never imports it by name."""

from mcidns_webhook.provider import WebhookProvider

__all__ = ["WebhookProvider"]
