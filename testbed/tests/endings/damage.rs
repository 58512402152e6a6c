//! Stores that cannot be opened: each start says why and what to do, and touches nothing that is another's.

use testbed::poison::{Kind, Poisoner};
use testbed::world::World;

#[tokio::test]
async fn a_damaged_store_is_refused_and_a_rebuild_makes_it_anew() -> anyhow::Result<()> {
    let world = World::new("endings-damage")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..10 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    poisoner.write(Kind::NotAvro, "A-1", &[]).await?;
    world.letters_indexed(&order, 1).await?;
    let before = world.caught_up(&order).await?;
    for service in [&mut cart, &mut order] {
        service.terminate().await?;
        // The file that says where a table's files are listed: the database alone would take the table for an empty one.
        std::fs::remove_file(service.store_dir()?.join("keyspaces/1/current"))?;
        service.spawn(&[])?;
        assert_eq!(service.ended().await?, Some(1));
        let (log, dir) = (service.log(), service.store_dir()?.display().to_string());
        assert!(
            log.contains("is damaged") && log.contains("--rebuild") && log.contains(&dir),
            "{}",
            service.log_tail()
        );
        service.start_again(&["--rebuild"]).await?;
    }
    assert_eq!(world.caught_up(&order).await?, before);
    assert_eq!(world.dead_letters().await?.len(), 1, "no letter is sent again");
    assert_eq!(cart.http.create_short("A-1").await?.status, 409);
    Ok(())
}

#[tokio::test]
async fn a_second_process_on_a_store_ends_and_does_not_disturb_the_first() -> anyhow::Result<()> {
    let world = World::new("endings-locked")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    for (first, setup) in [(&cart, world.cart()?), (&order, world.order()?)] {
        let store = format!("embedded:{}", first.store_dir()?.display());
        for arguments in [&[][..], &["--rebuild"]] {
            let (code, said) = setup.clone().with("STORE", &store).run(arguments).await?;
            assert_eq!(code, Some(1), "{said}");
            assert!(
                said.contains("in use by another process") && said.contains("STORE"),
                "{said}"
            );
        }
    }
    cart.http.updated("A-1", "confirmed").await?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    Ok(())
}
