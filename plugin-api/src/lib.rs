//! What a Gearshift cog is written against.
