const placeholder = '[API key]';

/** A shorter part of a key is not a secret, and would match other words. */
const minSecretLength = 8;

/** Any Pocketsflow key, or only its beginning. */
const keyPattern = /\bpk_(live|test)_[\w~+/=%-]+/gi;

const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/**
 * Replaces every Pocketsflow key in a text; the credential's own also without its prefix, in any
 * case, and escaped for a URL, JSON, or HTML.
 */
export function redactKeys(text: string, apiKey: string): string {
	const secret = apiKey.replace(/^pk_(live|test)_/, '');
	const keys = secret.length < minSecretLength ? [apiKey] : [apiKey, secret];
	const forms = keys.flatMap((key) => [
		key,
		encodeURIComponent(key),
		JSON.stringify(key).slice(1, -1),
		key.replace(/[&<>"']/g, (character) => htmlEntities[character]),
	]);
	const ownPattern = new RegExp(forms.map(escapePattern).join('|'), 'gi');
	return text.replace(ownPattern, placeholder).replace(keyPattern, placeholder);
}

const escapePattern = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
