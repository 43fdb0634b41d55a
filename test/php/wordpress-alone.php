<?php
/**
 * Stands for a WordPress in which WooCommerce is not active.
 */

define( 'ABSPATH', __DIR__ . '/' );

final class Recorded {
	public static array $hooks         = array();
	public static array $options       = array();
	public static array $notices       = array();
	public static array $admin_errors  = array();
	public static array $compatibility = array();
	public static array $scripts       = array();
	public static array $text_domains  = array();
}

function add_filter( $hook, $callback ) {
	Recorded::$hooks[ $hook ][] = $callback;
}
function add_action( $hook, $callback ) {
	add_filter( $hook, $callback );
}
function do_action( $hook ) {
	foreach ( Recorded::$hooks[ $hook ] ?? array() as $callback ) {
		$callback();
	}
}
function plugin_basename( $file ) {
	return basename( $file );
}
