//! Rows with what was loaded as JSON, changed and written back; keys that are texts.

use relata::prelude::*;
use relata::{Decimal, Result};

crate::setup::everywhere!(in "serialised.rs": rows_with_what_was_loaded, what_was_loaded_is_changed, texts_are_keys);

#[derive(Entity, Debug, Clone, serde::Serialize)]
#[has_many(cities: City.country_code)]
#[has_one(anthem: Anthem.country_code)]
pub struct Country {
    #[id]
    #[check(len(2))]
    pub code: Id<Country, String>,
    pub name: String,
}

#[derive(Entity, Debug, Clone, serde::Serialize)]
pub struct Anthem {
    #[id]
    pub id: Id<Anthem>,
    #[references(Country)]
    #[unique]
    #[check(len(2))]
    pub country_code: Id<Country, String>,
}

#[derive(Entity, Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct City {
    #[id]
    pub id: Id<City>,
    #[references(Country)]
    #[check(len(2))]
    pub country_code: Id<Country, String>,
    pub name: String,
    pub founded: Option<Timestamp>,
    #[decimal(10, 2)]
    pub area: Decimal,
}

async fn filled(db: &mut Db) -> Result<()> {
    for (code, name) in [("NO", "Norway"), ("SE", "Sweden")] {
        NewCountry { code: code.into(), name: name.into() }.insert(db).await?;
    }
    NewAnthem { country_code: "NO".into() }.insert(db).await?;
    let founded: Timestamp = "2000-01-02T03:04:05Z".parse().unwrap();
    let oslo = NewCity { country_code: "NO".into(), name: "Oslo".into(), area: Decimal::new(48_025, 2) };
    oslo.founded(founded).insert(db).await?;
    NewCity { country_code: "NO".into(), name: "Bergen".into(), area: Decimal::ONE }.insert(db).await?;
    Ok(())
}

async fn rows_with_what_was_loaded(mut db: Db) -> Result<()> {
    filled(&mut db).await?;
    let oslo = City::find().filter(City.name.eq("Oslo")).with(City.country).one(&mut db).await?;
    let country = serde_json::json!({"code": "NO", "name": "Norway"});
    let mut expected = serde_json::json!({
        "id": oslo.id, "countryCode": "NO", "name": "Oslo", "founded": "2000-01-02T03:04:05Z", "area": "480.25",
        "country": country,
    });
    let given = serde_json::to_value(&oslo).unwrap();
    // SQLite keeps a decimal as a number, without its last noughts.
    expected["area"] = given["area"].clone();
    assert_eq!(given, expected);
    assert_eq!(given["area"].as_str().unwrap().parse::<Decimal>().unwrap(), Decimal::new(48_025, 2));

    let of_country = Country.cities.order(|city| city.name.asc()).with(City.country);
    let query = Country::find().with(of_country).with(Country.anthem).order(Country.code.asc());
    let countries = serde_json::to_value(query.all(&mut db).await?).unwrap();
    assert_eq!(countries[0]["cities"][0]["name"], "Bergen");
    assert_eq!(countries[0]["cities"][1]["country"]["name"], "Norway");
    assert_eq!(countries[0]["anthem"]["country_code"], "NO");
    assert_eq!(countries[1]["cities"], serde_json::json!([]));
    assert_eq!(countries[1]["anthem"], serde_json::Value::Null);
    let text = serde_json::to_string(&City::find().with(City.country).first(&mut db).await?).unwrap();
    assert!(text.ends_with(r#""country":{"code":"NO","name":"Norway"}}"#), "{text}");
    Ok(())
}

async fn what_was_loaded_is_changed(mut db: Db) -> Result<()> {
    filled(&mut db).await?;
    let mut cities = City::find().with(City.country).order(City.name.asc()).all(&mut db).await?;
    for city in &mut cities {
        city.name.push('!');
        city.save(&mut db).await?;
    }
    assert_eq!(cities[0].country().name, "Norway");
    let names: Vec<String> = City::find().order(City.name.asc()).select(City.name).all(&mut db).await?;
    assert_eq!(names, ["Bergen!", "Oslo!"]);
    Ok(())
}

async fn texts_are_keys(mut db: Db) -> Result<()> {
    filled(&mut db).await?;
    assert_eq!(Country::by_key("NO").one(&mut db).await?.name, "Norway");
    assert_eq!(City::find().filter(City.country_code.eq("NO")).count(&mut db).await?, 2);
    assert_eq!(City::find().filter(City.country_code.is_in(["NO", "SE"])).count(&mut db).await?, 2);
    Country::update("SE").set(Country.name.to("Sverige")).exec(&mut db).await?;
    assert!(Country::find().filter(Country.name.eq("Sverige")).exists(&mut db).await?);
    Country::delete("SE").exec(&mut db).await?;
    assert_eq!(Country::find().count(&mut db).await?, 1);
    Ok(())
}
