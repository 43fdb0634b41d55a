import { html } from './html';

/** How all pages look, in the light and in the dark. Both palettes keep text at 4.5 : 1 or more. */
export const style = html`<style>
	:root {
		color-scheme: light dark;
		--bg: #f6f5f2;
		--card: #fff;
		--text: #1d1b26;
		--soft: #5d5a6b;
		--line: #dfdce6;
		--field: #8a8698;
		--accent: #4b32d8;
		--on-accent: #fff;
		--accent-soft: #ece9fd;
		--good: #12683c;
		--good-soft: #dff5e8;
		--warn: #7a4d00;
		--warn-soft: #fff0cf;
		--bad: #a61b1b;
		--bad-soft: #fde6e4;
		--shadow: 0 1px 2px rgb(29 27 38/0.06), 0 8px 24px rgb(29 27 38/0.06);
		font:
			16px/1.5 system-ui,
			-apple-system,
			'Segoe UI',
			Roboto,
			sans-serif;
	}
	@media (prefers-color-scheme: dark) {
		:root {
			--bg: #15141b;
			--card: #1f1d28;
			--text: #f1eff7;
			--soft: #b3afc2;
			--line: #37343f;
			--field: #7f7a90;
			--accent: #a99bff;
			--on-accent: #17122f;
			--accent-soft: #2c2746;
			--good: #7fdca6;
			--good-soft: #173325;
			--warn: #f5c96a;
			--warn-soft: #3a2c10;
			--bad: #ff9d94;
			--bad-soft: #431d1b;
			--shadow: 0 1px 2px rgb(0 0 0/0.4);
		}
	}
	* {
		box-sizing: border-box;
	}
	body {
		margin: 0;
		background: var(--bg);
		color: var(--text);
		min-height: 100vh;
		display: flex;
		flex-direction: column;
	}
	h1 {
		font-size: clamp(1.6rem, 4vw, 2.2rem);
		line-height: 1.15;
		letter-spacing: -0.02em;
		margin: 0 0 0.5rem;
	}
	h2 {
		font-size: 1.15rem;
		margin: 0 0 0.25rem;
	}
	h3 {
		font-size: 1rem;
		margin: 0;
	}
	p {
		margin: 0.35rem 0;
	}
	a {
		color: var(--accent);
	}
	.soft {
		color: var(--soft);
	}
	.small {
		font-size: 0.875rem;
	}
	.nowrap {
		white-space: nowrap;
	}
	:focus-visible {
		outline: 3px solid var(--accent);
		outline-offset: 2px;
		border-radius: 6px;
	}
	main:focus {
		outline: none;
	}
	.skip {
		position: absolute;
		left: -999px;
	}
	.skip:focus {
		left: 1rem;
		top: 0.5rem;
		background: var(--card);
		padding: 0.5rem 1rem;
		z-index: 3;
	}
	header {
		background: var(--card);
		border-bottom: 1px solid var(--line);
	}
	.bar {
		max-width: 72rem;
		margin: 0 auto;
		padding: 0.7rem 1.25rem;
		display: flex;
		flex-wrap: wrap;
		align-items: center;
		gap: 0.4rem 0.9rem;
	}
	.brand {
		display: inline-flex;
		align-items: center;
		gap: 0.5rem;
		font-weight: 700;
		font-size: 1.05rem;
		color: var(--text);
		text-decoration: none;
		min-width: 0;
		overflow-wrap: anywhere;
	}
	.brand svg {
		width: 1.5rem;
		height: 1.5rem;
		flex: none;
		fill: var(--accent);
		stroke: var(--accent);
		stroke-width: 1.8;
	}
	nav {
		display: flex;
		gap: 0.2rem;
		margin-left: auto;
	}
	nav a {
		padding: 0.35rem 0.75rem;
		border-radius: 8px;
		text-decoration: none;
		color: var(--soft);
		font-weight: 550;
	}
	nav a:hover {
		background: var(--bg);
	}
	nav a[aria-current] {
		background: var(--accent-soft);
		color: var(--accent);
	}
	main {
		width: 100%;
		max-width: 72rem;
		margin: 0 auto;
		padding: 2rem 1.25rem;
		flex: 1;
	}
	.narrow main {
		max-width: 30rem;
	}
	footer {
		color: var(--soft);
		font-size: 0.85rem;
		padding: 1.25rem;
		text-align: center;
		border-top: 1px solid var(--line);
	}
	.badge {
		display: inline-block;
		border-radius: 99px;
		padding: 0.1rem 0.6rem;
		font-size: 0.8rem;
		font-weight: 600;
		background: var(--accent-soft);
		color: var(--accent);
		white-space: nowrap;
	}
	.badge.good {
		background: var(--good-soft);
		color: var(--good);
	}
	.badge.warn {
		background: var(--warn-soft);
		color: var(--warn);
	}
	.badge.bad {
		background: var(--bad-soft);
		color: var(--bad);
	}
	.badge.plain {
		background: var(--bg);
		color: var(--soft);
	}
	.card {
		background: var(--card);
		border: 1px solid var(--line);
		border-radius: 16px;
		box-shadow: var(--shadow);
		padding: 1.25rem;
		min-width: 0;
	}
	button,
	.button {
		font: inherit;
		font-weight: 600;
		border: 1px solid var(--field);
		background: var(--card);
		color: var(--text);
		border-radius: 10px;
		padding: 0.45rem 0.85rem;
		cursor: pointer;
		text-decoration: none;
		display: inline-block;
	}
	button:hover,
	.button:hover {
		background: var(--accent-soft);
	}
	.primary {
		background: var(--accent);
		border-color: var(--accent);
		color: var(--on-accent);
	}
	.primary:hover {
		background: var(--accent);
		filter: brightness(1.08);
	}
	.wide-button {
		width: 100%;
		padding: 0.75rem;
		text-align: center;
	}
	.quiet {
		border-color: transparent;
		background: none;
		color: var(--soft);
	}
	.mini {
		font-size: 0.85rem;
		padding: 0.25rem 0.6rem;
		border-radius: 8px;
	}
	.danger {
		color: var(--bad);
	}
	label {
		display: block;
		font-size: 0.9rem;
		font-weight: 550;
		margin: 1rem 0 0.35rem;
	}
	input {
		font: inherit;
		color: inherit;
		background: var(--card);
		width: 100%;
		padding: 0.65rem 0.75rem;
		border: 1px solid var(--field);
		border-radius: 10px;
	}
	.note {
		font-size: 0.9rem;
		color: var(--good);
	}
	.bad-note {
		font-size: 0.9rem;
		color: var(--bad);
	}
	.hero {
		padding: 1.5rem 0 2rem;
		max-width: 42rem;
	}
	.hero p {
		font-size: 1.1rem;
		color: var(--soft);
	}
	.goods {
		display: grid;
		grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr));
		gap: 1.25rem;
		list-style: none;
		padding: 0;
		margin: 0 0 2rem;
	}
	.good-card {
		padding: 0;
		overflow: hidden;
		display: flex;
		flex-direction: column;
	}
	.good-card .text {
		padding: 1rem 1.15rem 1.15rem;
		display: flex;
		flex-direction: column;
		flex: 1;
		overflow-wrap: anywhere;
	}
	.good-card .buy {
		margin-top: auto;
		padding-top: 0.9rem;
		display: flex;
		align-items: center;
		justify-content: space-between;
		gap: 0.75rem;
		flex-wrap: wrap;
	}
	.art {
		display: block;
		width: 100%;
		aspect-ratio: 16/9;
	}
	.price {
		font-size: 1.35rem;
		font-weight: 700;
		letter-spacing: -0.01em;
	}
	.price small {
		font-size: 0.85rem;
		font-weight: 500;
		color: var(--soft);
	}
	.price s {
		font-size: 1rem;
		font-weight: 400;
		color: var(--soft);
		margin-left: 0.4rem;
	}
	.narrow h1 {
		font-size: 1.5rem;
	}
	.checkout .art {
		aspect-ratio: 5 / 2;
	}
	.checkout {
		padding: 0;
		overflow: hidden;
	}
	.checkout .text {
		padding: 1.5rem;
		overflow-wrap: anywhere;
	}
	.lines {
		width: 100%;
		margin: 1rem 0;
		border-top: 1px solid var(--line);
	}
	.lines div {
		display: flex;
		justify-content: space-between;
		gap: 1rem;
		padding: 0.55rem 0;
		border-bottom: 1px solid var(--line);
	}
	.lines dt {
		color: var(--soft);
	}
	.lines dd {
		margin: 0;
		text-align: right;
		font-weight: 550;
		overflow-wrap: anywhere;
		min-width: 0;
	}
	.steps {
		padding-left: 1.3rem;
	}
	.steps li {
		margin: 0.5rem 0;
	}
	.tick {
		width: 3.5rem;
		height: 3.5rem;
		border-radius: 50%;
		background: var(--good-soft);
		color: var(--good);
		display: grid;
		place-items: center;
		font-size: 1.8rem;
		margin-bottom: 1rem;
	}
	.tiles {
		display: grid;
		grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
		gap: 1rem;
		margin: 1.25rem 0;
	}
	.tile .figure {
		font-size: 1.6rem;
		font-weight: 700;
		letter-spacing: -0.02em;
	}
	.top {
		display: flex;
		flex-wrap: wrap;
		gap: 0.75rem 1.5rem;
		align-items: end;
		justify-content: space-between;
	}
	.tabs {
		margin: 0;
		background: var(--card);
		border: 1px solid var(--line);
		border-radius: 12px;
		padding: 0.2rem;
	}
	section.card {
		margin: 1.25rem 0;
	}
	.columns {
		display: grid;
		grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
		gap: 0 1.25rem;
	}
	.keys {
		margin: 0.75rem 0 0;
		display: grid;
		gap: 0.6rem;
	}
	.key {
		display: grid;
		grid-template-columns: 7rem minmax(0, 1fr) auto;
		gap: 0.4rem 0.75rem;
		align-items: center;
	}
	.key code {
		overflow-wrap: anywhere;
	}
	code,
	pre {
		font:
			0.875rem/1.45 ui-monospace,
			SFMono-Regular,
			Menlo,
			Consolas,
			monospace;
	}
	code {
		background: var(--bg);
		border-radius: 6px;
		padding: 0.1rem 0.35rem;
		overflow-wrap: anywhere;
	}
	pre {
		background: var(--bg);
		border-radius: 10px;
		padding: 0.75rem;
		max-height: 20rem;
		overflow: auto;
		white-space: pre-wrap;
		overflow-wrap: anywhere;
	}
	.scroll {
		overflow-x: auto;
		margin: 0.75rem -1.25rem 0;
		padding: 0 1.25rem;
	}
	table {
		width: 100%;
		border-collapse: collapse;
		font-size: 0.925rem;
	}
	th {
		text-align: left;
		font-size: 0.8rem;
		font-weight: 600;
		color: var(--soft);
		padding: 0.35rem 0.75rem 0.35rem 0;
		white-space: nowrap;
	}
	td {
		padding: 0.6rem 0.75rem 0.6rem 0;
		border-top: 1px solid var(--line);
		vertical-align: top;
		overflow-wrap: anywhere;
	}
	td:last-child,
	th:last-child {
		padding-right: 0;
	}
	.amount {
		text-align: right;
		white-space: nowrap;
	}
	.actions {
		display: flex;
		flex-wrap: wrap;
		gap: 0.35rem;
	}
	.actions form {
		margin: 0;
	}
	.inline {
		display: flex;
		gap: 0.35rem;
		align-items: center;
	}
	.inline input {
		width: 6rem;
		padding: 0.2rem 0.5rem;
		font-size: 0.875rem;
		border-radius: 8px;
	}
	details summary {
		cursor: pointer;
		color: var(--accent);
		font-size: 0.875rem;
	}
	td code.small {
		font-size: 0.78rem;
		padding: 0;
		background: none;
		color: var(--soft);
	}
	td.main {
		min-width: 13rem;
	}
	td.own {
		min-width: 10.5rem;
	}
	.flash {
		border-radius: 12px;
		padding: 0.7rem 1rem;
		margin: 0 0 1.25rem;
		background: var(--good-soft);
		color: var(--good);
		font-weight: 550;
	}
	.flash.bad {
		background: var(--bad-soft);
		color: var(--bad);
	}
	.empty {
		color: var(--soft);
		margin: 0.75rem 0 0;
	}
	.hidden {
		position: absolute;
		width: 1px;
		height: 1px;
		overflow: hidden;
		clip-path: inset(50%);
	}
	@media (max-width: 40rem) {
		main {
			padding: 1.25rem 1rem;
		}
		.bar {
			padding: 0.6rem 1rem;
		}
		nav {
			margin-left: 0;
			width: 100%;
		}
		.key {
			grid-template-columns: 1fr auto;
		}
		.key span {
			grid-column: 1/-1;
		}
		.stack thead {
			display: none;
		}
		.stack tr {
			display: block;
			border-top: 1px solid var(--line);
			padding: 0.5rem 0;
		}
		.stack td {
			display: flex;
			justify-content: space-between;
			gap: 1rem;
			border: 0;
			padding: 0.2rem 0;
			text-align: right;
		}
		.stack td::before {
			content: attr(data-label);
			color: var(--soft);
			font-size: 0.8rem;
			text-align: left;
			flex: none;
		}
		.stack td.block {
			display: block;
			text-align: left;
		}
		.stack td.block::before {
			display: none;
		}
		.stack .actions {
			justify-content: flex-start;
			margin-top: 0.3rem;
		}
	}
	@media print {
		header nav,
		footer,
		form {
			display: none;
		}
	}
</style>`;
