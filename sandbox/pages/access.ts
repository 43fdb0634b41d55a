import type { FastifyRequest } from 'fastify';

const localName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const localAddress = /^(127\.|::1$|::ffff:127\.)/;

/** A client that names JSON first, such as n8n, or that has a key, gets the API. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
	const { accept = '', authorization } = headers;
	if (method !== 'GET' || authorization !== undefined) return false;
	const [html, json] = ['text/html', 'application/json'].map((type) => accept.indexOf(type));
	return html >= 0 && (json < 0 || html < json);
}

/** Not through a tunnel, and not from a page whose name leads to this computer. */
export function isLocal({ ip, headers }: FastifyRequest): boolean {
	const isForwarded = 'x-forwarded-for' in headers || 'x-forwarded-host' in headers;
	return localAddress.test(ip) && localName.test(headers.host ?? '') && !isForwarded;
}

/** Whether the browser reports a page of another address as the sender. */
export function isCrossOrigin({ headers }: FastifyRequest): boolean {
	const { origin, host, 'sec-fetch-site': site } = headers;
	if (origin !== undefined) return origin !== `http://${host}` && origin !== `https://${host}`;
	return site !== undefined && site !== 'same-origin' && site !== 'none';
}

export const isSameOrigin = (request: FastifyRequest): boolean =>
	(request.headers.origin ?? request.headers['sec-fetch-site']) !== undefined &&
	!isCrossOrigin(request);
