/** What stands in a text where a key stood. */
const placeholder = '[API key]';

/** Fewer characters of a key than this are no secret, and would be found in other words. */
const minSecretLength = 8;

const prefixPattern = /^pk_(live|test)_/;

/** Any Pocketsflow key, also one that is not ours, or only its beginning. */
const keyPattern = /\bpk_(live|test)_[\w~+/=%-]+/gi;

const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/**
 * Replaces every Pocketsflow key in a text from outside. That of the credential is found in any case, with
 * its prefix or without, and as a URL, JSON or HTML escapes it.
 */
export function redactKeys(text: string, apiKey: string): string {
	const secret = apiKey.replace(prefixPattern, '');
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
