import { randomBytes } from 'node:crypto';

import type { FastifyReply } from 'fastify';
import type { ComponentChildren } from 'preact';
import { render } from 'preact-render-to-string';

import type { SandboxContext } from '../context';
import type { Mode } from '../database/entities';
import { script } from './script';

export interface PageParts {
	readonly title: string;
	readonly content: ComponentChildren;
	/** The mode whose data the page shows; a page of the test mode says so. */
	readonly mode?: Mode;
	readonly current?: 'store' | 'dashboard';
	/** `narrow` for a single card, such as a checkout. */
	readonly width?: 'narrow' | 'wide';
	/** Whether the page is kept up to date, and buttons copy. */
	readonly isLive?: boolean;
}

interface PageProps {
	readonly context: SandboxContext;
	readonly parts: PageParts;
}

const modeQuery = (mode: Mode | undefined) => (mode === 'live' ? '?mode=live' : '');

function Navigation({ context: { links }, parts: { mode, current } }: PageProps) {
	const mark = (page: PageParts['current']) => (page === current ? 'page' : undefined);
	return (
		<nav aria-label="Pages">
			<a href={`/${modeQuery(mode)}`} aria-current={mark('store')}>
				Store
			</a>
			<a href={`/dashboard${modeQuery(mode)}`} aria-current={mark('dashboard')}>
				Dashboard
			</a>
			{links.n8nUrl && <a href={`${links.n8nUrl}/home/workflows`}>n8n</a>}
		</nav>
	);
}

const Header = (props: PageProps) => (
	<header>
		<div class="bar">
			<a class="brand" href={`/${modeQuery(props.parts.mode)}`}>
				<svg viewBox="0 0 24 24" aria-hidden="true">
					<path d="M4 8h16l-1 12H5z" />
					<path d="M8.5 8a3.5 3.5 0 0 1 7 0" fill="none" />
				</svg>
				<span data-test="store">{props.context.storeName}</span>
			</a>
			{props.parts.mode === 'test' && (
				<span class="badge warn" data-test="mode">
					Test mode
				</span>
			)}
			<Navigation {...props} />
		</div>
	</header>
);

const Page = ({ nonce, ...props }: PageProps & { nonce: string }) => (
	<html lang="en">
		<head>
			<meta charset="utf-8" />
			<meta name="viewport" content="width=device-width, initial-scale=1" />
			<meta name="color-scheme" content="light dark" />
			<title>{`${props.parts.title} · ${props.context.storeName}`}</title>
			<link rel="icon" href="data:," />
			<link rel="stylesheet" href="/assets/pico.css" />
			<link rel="stylesheet" href="/assets/style.css" />
		</head>
		<body class={props.parts.width ?? 'wide'}>
			<a class="skip" href="#content">
				Skip to content
			</a>
			<Header {...props} />
			<main id="content" tabindex={-1}>
				{props.parts.content}
			</main>
			<footer>
				<p>
					This is a Pocketsflow sandbox for trying out n8n workflows. The shop is not real, and no
					money moves.
				</p>
			</footer>
			{props.parts.isLive && <script nonce={nonce} dangerouslySetInnerHTML={{ __html: script }} />}
		</body>
	</html>
);

/** Loads nothing from other sites. `form-action` is open if a form redirects: browsers check that. */
export function sendPage(
	context: SandboxContext,
	reply: FastifyReply,
	status: number,
	parts: PageParts,
): void {
	const nonce = randomBytes(16).toString('base64');
	const policy = [
		"default-src 'none'",
		"style-src 'self'",
		'img-src data:',
		"base-uri 'none'",
		"frame-ancestors 'none'",
		...(parts.isLive ? [`script-src 'nonce-${nonce}'`, "connect-src 'self'"] : []),
		...(parts.current === 'dashboard' ? ["form-action 'self'"] : []),
	];
	void reply
		.code(status)
		.headers({
			'content-type': 'text/html; charset=utf-8',
			'cache-control': 'no-store',
			'content-security-policy': policy.join('; '),
			'referrer-policy': 'same-origin',
			'x-content-type-options': 'nosniff',
		})
		.send(`<!DOCTYPE html>${render(<Page context={context} parts={parts} nonce={nonce} />)}`);
}
