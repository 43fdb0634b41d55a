import { createHmac, timingSafeEqual } from 'node:crypto';

import { ApiError, authenticationError } from './errors';
import type { ApiKey, ShopState } from './state';

export interface IncomingRequest {
	method: string;
	path: string;
	authorization: string | undefined;
}

const oauthNames = [
	'oauth_consumer_key',
	'oauth_timestamp',
	'oauth_nonce',
	'oauth_signature',
	'oauth_signature_method',
];
const oauthWindowSeconds = 15 * 60;

/**
 * The API key that a request proves, in WooCommerce's three ways. A real shop takes Basic and the query
 * string over HTTPS only, and OAuth 1.0a over HTTP. This one takes all, unless `isHttps` is false.
 * @returns undefined if there is no such key: WooCommerce refuses the request later
 * @throws ApiError if the secret or the signature is wrong, or the key does not allow the method
 */
export function authenticate(state: ShopState, request: IncomingRequest): ApiKey | undefined {
	const query = new URL(request.path, state.url).searchParams;
	const key = checkSecret(state, request, query) ?? checkOauth(state, request, query);
	if (!key) return undefined;
	const needed = request.method === 'GET' ? 'read' : 'write';
	if (!key.permissions.includes(needed))
		throw authenticationError(`The API key provided does not have ${needed} permissions.`);
	return key;
}

function readPair(authorization: string | undefined, query: URLSearchParams) {
	const [key, secret] = [query.get('consumer_key'), query.get('consumer_secret')];
	if (key && secret) return { key, secret };
	const [, encoded] = /^Basic (.+)$/i.exec(authorization ?? '') ?? [];
	const [, user, password] =
		/^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
	return user && password ? { key: user, secret: password } : undefined;
}

function checkSecret(
	state: ShopState,
	{ authorization }: IncomingRequest,
	query: URLSearchParams,
): ApiKey | undefined {
	const header = state.dropsAuthorization ? undefined : authorization;
	const pair = state.isHttps ? readPair(header, query) : undefined;
	const known = pair && state.keys.find(({ consumerKey }) => consumerKey === pair.key);
	if (known && !isSame(known.consumerSecret, pair.secret))
		throw authenticationError('Consumer secret is invalid.');
	return known;
}

const isSame = (left: string, right: string) =>
	left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

const encode = (text: string) =>
	encodeURIComponent(text).replace(
		/[!'()*]/g,
		(character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
	);

function checkOauth(
	state: ShopState,
	{ method, path }: IncomingRequest,
	query: URLSearchParams,
): ApiKey | undefined {
	const missing = oauthNames.filter((name) => !query.get(name));
	if (missing.length === oauthNames.length) return undefined;
	if (missing.length > 0)
		throw new ApiError(
			'woocommerce_rest_authentication_missing_parameter',
			`Missing OAuth parameter${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
			{ status: 401 },
		);
	const key = state.keys.find(({ consumerKey }) => consumerKey === query.get('oauth_consumer_key'));
	if (!key) throw authenticationError('Consumer key is invalid.');
	const algorithm = /^HMAC-(SHA1|SHA256)$/.exec(query.get('oauth_signature_method') ?? '')?.[1];
	if (!algorithm) throw authenticationError('Invalid signature - signature method is invalid.');
	// Of a repeated name PHP keeps the last; the official client repeats what is in its address.
	const parameters = [...new Map(query)]
		.filter(([name]) => name !== 'oauth_signature')
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${encode(name)}=${encode(value)}`)
		.join('&');
	const address = `${state.url}${path.split('?')[0]}`;
	const signature = createHmac(algorithm, `${key.consumerSecret}&`)
		.update([method, encode(address), encode(parameters)].join('&'))
		.digest('base64');
	if (!isSame(signature, query.get('oauth_signature') ?? ''))
		throw authenticationError('Invalid signature - provided signature does not match.');
	checkNonce(state, query.get('oauth_timestamp') ?? '', query.get('oauth_nonce') ?? '');
	return key;
}

function checkNonce(state: ShopState, timestamp: string, nonce: string): void {
	if (Math.abs(Number(timestamp) - Date.now() / 1000) > oauthWindowSeconds)
		throw authenticationError('Invalid timestamp.');
	if (state.usedNonces.has(nonce))
		throw authenticationError('Invalid nonce - nonce has already been used.');
	state.usedNonces.add(nonce);
}
